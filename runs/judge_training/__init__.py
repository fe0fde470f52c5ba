"""Training judges on labelled clips: the published one's QLoRA, and a small one from scratch."""
