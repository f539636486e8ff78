"""Build the bot for shipping: build_release.py OUT writes a wheel and its lock there and prints the build id.

Rule: the id names the code. It is the last commit that touched what is shipped, with a digest of the contents behind it
when the working tree differs from that commit; the same contents always give the same id and the same wheel. The id
is put into the wheel (bot/BUILD), so that what runs can say what it is.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = (
    "bot", "configs", "ibkr_sim_pytest.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "requirements/runtime.lock",
)  # fmt: skip
LEFT_OUT = ("__pycache__", "BUILD")


def git(root: Path, *arguments: str) -> str | None:
    """Ask git; None when this is no git working tree or git is missing."""
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed arguments
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def shipped_files(root: Path) -> list[Path]:
    """Every file that goes into a release, in a fixed order."""
    found: list[Path] = []
    for name in SHIPPED:
        path = root / name
        found += [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return sorted(f for f in found if not set(f.parts) & set(LEFT_OUT))


def digest(root: Path, files: list[Path]) -> str:
    """Eight hexadecimal digits of the names and contents."""
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:8]


def build_id(root: Path, files: list[Path]) -> str:
    """Name the code as it lies here."""
    commit = git(root, "log", "-1", "--format=%h", "--abbrev=10", "--", *SHIPPED)
    if not commit:
        return f"source.{digest(root, files)}"
    dirty = git(root, "status", "--porcelain", "--", *SHIPPED) != ""
    return f"{commit}.{digest(root, files)}" if dirty else commit


def build(root: Path, files: list[Path], name: str, out: Path) -> Path:
    """Build the wheel from a copy that knows its id; returns its path."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for path in files:
            target = copy / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        (copy / "bot" / "BUILD").write_text(f"{name}\n")
        subprocess.run(  # noqa: S603  our own interpreter
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
            cwd=copy,
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1735689600"},
        )
    return next(out.glob("*.whl"))


def bill_of_materials(lock: Path, name: str, wheel: Path) -> dict[str, object]:
    """What the release is made of, as CycloneDX 1.5 has it: every locked package with its checksums, and the wheel."""
    components: list[dict[str, object]] = []
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8")):
        match = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", entry)
        if match is None:
            continue
        package, version, marker = match[1], match[2], (match[3] or "").strip()
        hashes = [
            {"alg": "SHA-256", "content": found}
            for found in re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)
        ]
        purl = f"pkg:pypi/{package.lower()}@{version}"
        part = {"type": "library", "name": package, "version": version, "purl": purl, "hashes": hashes}
        components.append(part | ({"properties": [{"name": "marker", "value": marker}]} if marker else {}))
    own = [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    product = {"type": "application", "name": "ibkr-options-bot", "version": name, "hashes": own}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": product},
        "components": components,
    }


def main() -> int:
    """Build once per id: a release that is there already is not built again."""
    parser = argparse.ArgumentParser(description="Build the bot for shipping.")
    parser.add_argument("out", type=Path, help="folder that collects releases, one folder each")
    parser.add_argument("--source", type=Path, default=ROOT, help="source tree; default this one")
    given = parser.parse_args()
    root = given.source.resolve()
    files = shipped_files(root)
    name = build_id(root, files)
    folder = given.out.resolve() / name
    new = not all((folder / part).exists() for part in ("release.json", "sbom.json"))
    if new:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        wheel = build(root, files, name, folder)
        shutil.copyfile(root / "requirements" / "runtime.lock", folder / "runtime.lock")
        (folder / "sbom.json").write_text(
            json.dumps(bill_of_materials(folder / "runtime.lock", name, wheel), indent=1)
        )
        (folder / "release.json").write_text(json.dumps({"build": name, "wheel": wheel.name}))
    release = json.loads((folder / "release.json").read_text())
    sys.stdout.write(json.dumps({**release, "folder": str(folder), "new": new}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
