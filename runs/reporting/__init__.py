"""The report: one page that shows what an evaluation or a rollout did, and its numbers as files."""
