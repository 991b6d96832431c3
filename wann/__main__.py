"""``python -m wann``: the command, where its script is not on the path."""

from wann.cli import main

if __name__ == "__main__":
    main()
