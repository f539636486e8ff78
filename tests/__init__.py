"""The suite. A package, because a library of ours installs a top-level package of the same name."""
