"""Write the folder of the `java` that IB Gateway's installer brought: find_java.py INSTALLATION.

Rule: what the installer wrote down comes first; what lies beside it second; its shared place last. Nothing
found is exit code 1: the system's own Java is never taken, the vendor's program does not run well on it.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path


def candidates(installation: Path) -> Iterator[Path]:
    """Yield every place a Java may be, the most trusted first."""
    for note in ("pref_jre.cfg", "inst_jre.cfg"):
        path = installation / ".install4j" / note
        if path.is_file():
            yield Path(path.read_text().strip()) / "bin"
    yield installation / "jre" / "bin"
    for shared in (Path.home() / ".local/share/i4j_jres", Path("/usr/local/i4j_jres")):
        yield from sorted((java.parent for java in shared.glob("**/bin/java")), reverse=True)


def main() -> int:
    """Write the first folder that holds a program called java."""
    for folder in candidates(Path(sys.argv[1])):
        if os.access(folder / "java", os.X_OK):
            sys.stdout.write(f"{folder}\n")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
