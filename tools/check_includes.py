#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that no file includes a higher rank, by the table in docs/architecture.md.

Usage: tools/check_includes.py [ROOT]
A public header include/engram/X.hpp has the rank of the folder that owns it (OWNERS below; layer
headers belong to src/layers). Prints each fault as file:line and exits 1 when there is one.
"""
import pathlib
import re
import sys

# Which folder implements a public header; those not listed are seen by everyone (rank 0 types).
OWNERS = {
    "tensor": "src/tensor", "activations": "src/parts", "initializers": "src/parts",
    "optimizers": "src/parts", "schedules": "src/parts", "regularizers": "src/parts",
    "constraints": "src/parts", "losses": "src/parts", "metrics": "src/parts",
    "data": "src/data", "model": "src/model", "sequential": "src/model", "functional": "src/model",
    "callbacks": "src/model", "runtime": "src/model", "io": "src/io", "supported": "src/io", "torch": "src/io", "report": "src/report",
    "plot_model": "src/report",
    "recipe": "src/recipe", "inspect": "src/recipe", "engram": "src/recipe",
}


def ranks(root):
    table = {}
    for line in (root / "docs/architecture.md").read_text(encoding="utf-8").splitlines():
        found = re.match(r"\| ((?:src/)?[a-z]+) \| (\d+) \|", line)
        if found:
            table[found[1]] = int(found[2])
    if len(table) < 5:
        sys.exit("docs/architecture.md: the table of ranks was not found")
    return table


def folder_of(header, root):
    """The folder that a quoted include belongs to, or None for one that has no rank."""
    if header.startswith("engram/layers/"):
        return "src/layers"
    if header.startswith("engram/"):
        return OWNERS.get(pathlib.PurePath(header).stem)
    folder = "src/" + header.split("/")[0]
    return folder if (root / folder).is_dir() else None


def check(root):
    table = ranks(root)
    files = [p for top in ("src", "cli", "include") for p in sorted((root / top).rglob("*.[ch]pp"))]
    faults = []
    for path in files:
        relative = path.relative_to(root)
        if relative.parts[0] == "include":
            own = folder_of(str(relative.relative_to("include")), root)
        else:
            own = "/".join(relative.parts[:2]) if relative.parts[0] == "src" else "cli"
        if own is None:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.match(r'\s*#include "([^"]+)"', line)
            target = folder_of(found[1], root) if found else None
            if own == "cli" and found and "/" in found[1] and not found[1].startswith("engram/"):
                faults.append(f"{relative}:{number}: cli/ may include public headers only: {found[1]}")
            elif target and target != own and table[target] >= table[own]:
                faults.append(f"{relative}:{number}: {own} (rank {table[own]}) includes "
                              f"{target} (rank {table[target]}): {found[1]}")
    return len(files), faults


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if root.is_dir() else root.parents[1]
    count, faults = check(root)
    print("\n".join(faults + [f"{count} files checked, {len(faults)} faults"]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
