"""One self-contained HTML page of tables and pictures; everything from outside is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

from .tables import TextTable

_TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8884; text-align: right;
         white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8881; padding: .7rem;
      border-radius: 4px; font-size: .85rem; }
details { margin: .4rem 0; } summary { cursor: pointer; }
@media print { details { display: none; } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% for section in sections %}
<section>
<h2>{{ section.title }}</h2>
{% for line in section.text %}<p>{{ line }}</p>
{% endfor %}
{% for table in section.tables %}<div class="scroll"><table>
<thead><tr>{% for cell in table.head %}<th>{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in table.rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}
</tbody></table></div>
{% endfor %}
{% for picture in section.pictures %}<p><img alt="{{ section.title }}"
 src="data:image/png;base64,{{ picture }}"></p>
{% endfor %}
{% for note in section.notes %}<details><summary>{{ note.title }}</summary>
<pre>{{ note.text }}</pre></details>
{% endfor %}
</section>
{% endfor %}
</body>
</html>
"""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Text that is folded away."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page."""

    title: str
    text: Sequence[str] = ()
    tables: Sequence[TextTable] = ()
    pictures: Sequence[bytes] = ()
    """PNG files."""
    notes: Sequence[Note] = ()


def page(title: str, sections: Sequence[Section]) -> bytes:
    """The page as UTF-8."""
    import base64

    import jinja2

    shown = [
        {
            "title": one.title,
            "text": one.text,
            "tables": one.tables,
            "pictures": [base64.b64encode(picture).decode() for picture in one.pictures],
            "notes": one.notes,
        }
        for one in sections
    ]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    html = environment.from_string(_TEMPLATE).render(title=title, sections=shown)
    # A NUL, or half of a surrogate pair, from a model's words would break the file.
    return html.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")
