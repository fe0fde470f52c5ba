"""One process that owns a judge's model and scores for all workers of an evaluation."""
