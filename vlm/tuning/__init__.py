"""Fine-tuning a Qwen3-VL: conversations -> batches -> transformers' Trainer; knows no task."""
