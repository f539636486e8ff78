#!/usr/bin/python3
"""Tell Prometheus what node_exporter does not: a reboot that is due, and errors of cards and disks in the kernel's log.

Rule: errors count since boot, because the kernel's log begins there. Runs as the superuser, who alone may read it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

# As the kernel's block layer, its MMC driver and ext4 word them.
ERRORS = re.compile(r"I/O error|mmc\d+: .*(?:error|timeout)|EXT4-fs error", re.IGNORECASE)


def metrics(kernel_log: str, *, is_reboot_due: bool) -> str:
    """Give both in Prometheus' text format."""
    errors = sum(1 for line in kernel_log.splitlines() if ERRORS.search(line))
    return (
        "# HELP appliance_reboot_due Whether an update waits for a reboot (1 = yes).\n"
        "# TYPE appliance_reboot_due gauge\n"
        f"appliance_reboot_due {int(is_reboot_due)}\n"
        "# HELP appliance_storage_errors_total Errors of cards and disks in the kernel's log since boot.\n"
        "# TYPE appliance_storage_errors_total counter\n"
        f"appliance_storage_errors_total {errors}\n"
    )


def main() -> int:
    """Read, and replace the text file in one step."""
    target = Path(sys.argv[1])
    command = ["journalctl", "--dmesg", "--boot", "--output=cat", "--no-pager"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  ours
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    fresh.write_text(metrics(done.stdout, is_reboot_due=Path("/run/reboot-required").exists()))
    fresh.chmod(0o644)
    fresh.replace(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
