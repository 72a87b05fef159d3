"""`python -m lookalike.testing.drawing --out FOLDER --seed 7` writes the sample shop."""

from __future__ import annotations

import argparse
import sys

from lookalike.testing.drawing.shop import write_shop


def main() -> None:
    """Read the two options and write the shop."""
    parser = argparse.ArgumentParser(
        prog="python -m lookalike.testing.drawing", description="Write the sample shop."
    )
    parser.add_argument("--out", required=True, help="the folder to write")
    parser.add_argument("--seed", type=int, default=7, help="which shop (default: 7, the one in the package)")
    options = parser.parse_args()
    write_shop(options.out, seed=options.seed)
    sys.stdout.write(f"wrote the sample shop to {options.out}\n")


if __name__ == "__main__":
    main()
