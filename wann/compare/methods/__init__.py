"""The pruning methods, a file each; ``wann.compare.method`` finds them."""
