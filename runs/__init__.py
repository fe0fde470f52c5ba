"""Command line, episodes, records, video and reports."""
