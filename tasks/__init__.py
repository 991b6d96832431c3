"""The tasks that come with the toolkit, a file each."""
