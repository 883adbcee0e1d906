"""The pages about the fitness of machines: closures, commissioning, checks and their papers, log-only, who replaces whom."""
