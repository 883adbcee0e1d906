"""What agents and server say to each other. Standard library only; both sides import it, neither the other."""
