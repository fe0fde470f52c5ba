"""VLABench's planner evaluation: skill sequences from pictures, scored in six dimensions."""
