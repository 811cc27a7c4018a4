"""The catalogue of the how-to, word for word."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/django-oscar.md"
CODE = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]

exec(compile(CODE, str(PAGE), "exec"))
