"""Completion judges: clips and subtask text in, complete or not complete out."""
