"""One machine: what it does now, its day and weeks, who may use it, its rules and its agent."""
