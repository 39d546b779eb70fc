"""One rule, or a few that belong together, per file. Pure: sources in, findings out."""
