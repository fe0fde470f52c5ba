"""Low-level policies: subtask text and sensors in, action chunks out."""
