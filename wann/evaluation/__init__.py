"""How a population meets a task."""
