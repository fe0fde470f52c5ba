from leapcasa.runs.tables import TextTable, boxed, markdown

TABLE = TextTable(head=("Method", "Accuracy"), rows=[("right view only", "87.50%"), ("x", "5%")])


def test_markdown_is_aligned_with_numbers_flush_right():
    assert markdown(TABLE).splitlines() == [
        "| Method          | Accuracy |",
        "| --------------- | -------: |",
        "| right view only |   87.50% |",
        "| x               |       5% |",
    ]


def test_a_table_without_rows_still_has_its_head():
    assert markdown(TextTable(head=("a", "b"), rows=[])).splitlines()[0] == "| a   |   b |"


def test_a_box_shows_every_cell_as_it_is_written():
    drawn = boxed(TextTable(head=("Phase", "n"), rows=[("[bold]odd[/bold]", "1")]))
    assert "[bold]odd[/bold]" in drawn
    assert "┃" in drawn
