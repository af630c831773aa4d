"""`python -m logscan`: the same program as the `logscan` command."""

from logscan.cli import main

if __name__ == "__main__":
    main()
