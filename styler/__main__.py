"""`python -m styler`."""

from styler.cli import main

if __name__ == "__main__":  # worker processes import this file
    main()
