"""``python -m checks``."""

import sys

from checks.doors.cli import main

sys.exit(main())
