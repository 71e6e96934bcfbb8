"""``python -m lockstep`` is the same program as the ``lockstep`` script."""

from lockstep.cli import main

if __name__ == "__main__":
    main()
