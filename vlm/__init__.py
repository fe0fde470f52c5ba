"""Qwen3-VL: load, preprocess, encode, score. It knows tokens and tensors, nothing of robots."""
