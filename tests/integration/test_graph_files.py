"""Edges from files and into files: all or nothing, and nothing lost on the way."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from shopreco.catalogues import DeclaredEdge, ItemDocument, get_catalogue
from shopreco.graph import merges
from shopreco.graph.edges import update_edges
from shopreco.graph.files import csv, kg
from shopreco.graph.files.base import MAX_LINE_LENGTH, GraphFileError, Imported
from shopreco.models import Edge, EdgeState, Item, Node, Outcome, Provenance, RelationType

pytestmark = pytest.mark.django_db(transaction=True)  # temporary tables are dropped at commits

SHELF = get_catalogue("testapp.gadget")
HEADER = "source_kind,source,relation,target_kind,target,weight,provenance,state\n"
KG = "head_id:token\trelation_id:token\ttail_id:token\n"


def read_csv(text: str | bytes, provenance: str = "imported") -> Imported:
    raw = text if isinstance(text, bytes) else text.encode()
    return csv.import_csv(SHELF, io.BytesIO(raw), provenance)


def read_kg(text: str, provenance: str = "imported") -> Imported:
    return kg.import_kg(SHELF, io.BytesIO(text.encode()), provenance)


def written_csv() -> str:
    out = io.StringIO()
    csv.export_csv(SHELF, out)
    return out.getvalue()


def written_kg() -> str:
    out = io.StringIO()
    kg.export_kg(SHELF, out)
    return out.getvalue()


def clear() -> None:
    Node.objects.all().delete()
    RelationType.objects.all().delete()


def items(*object_ids: str) -> None:
    for object_id in object_ids:
        Item.objects.create(
            catalogue=SHELF.name, object_id=object_id, group_id=1, outcome=Outcome.INDEXED
        )


# CSV


def test_csv_needs_three_columns_in_any_order() -> None:
    items("1")
    found = read_csv("target,relation,source\n2,complements,1\n\n3,complements,1\n")
    assert found == Imported(edges=2, changed=2, unknown_items=2)
    edge = Edge.objects.get(target__key="2")
    assert (edge.weight, edge.provenance, edge.state) == (1.0, "imported", "active")
    assert edge.source.item == Item.objects.get()


def test_csv_comes_back_as_it_was() -> None:
    lines = [
        'item,"a,b ""c"" é:?#",has_material,material,"胡桃木, oiled",0.25,extracted,rejected',
        "item,=1+1,complements,item,2,1.0,mined,confirmed",
        "category,Home > Lamps,subcategory_of,category,Home,1.0,declared,active",
        'item,"two\nlines",worn_with,item, spaced ,0.3333333333333333,curated,active',
    ]
    text = HEADER + "".join(f"{line}\n" for line in lines)
    assert read_csv(text).edges == 4
    assert written_csv() == text
    clear()
    read_csv(b"\xef\xbb\xbf" + text.encode())
    assert written_csv() == text
    assert read_csv(text).changed == 0


def test_a_repeated_edge_counts_once_as_it_is_last() -> None:
    rows = "item,1,complements,item,2,0.1,,\nitem,1,complements,item,2,0.2,,\n"
    assert read_csv(HEADER + rows) == Imported(2, 1, 2)
    assert Edge.objects.get().weight == 0.2


def test_a_file_does_not_undo_decisions_but_may_bring_some() -> None:
    read_csv(HEADER + "item,1,complements,item,2,0.5,curated,rejected\n")
    assert read_csv(HEADER + "item,1,complements,item,2,1,mined,active\n").changed == 0
    assert read_csv(HEADER + "item,2,complements,item,1,1,mined,active\n").changed == 0
    assert read_csv(HEADER + "item,1,complements,item,2,0.5,mined,confirmed\n").changed == 1
    edge = Edge.objects.get()
    assert (edge.state, edge.provenance) == (EdgeState.CONFIRMED, Provenance.CURATED)


def test_a_merged_node_is_meant_by_its_other_name() -> None:
    read_csv(HEADER + "item,1,has_colour,colour,Grey,,,\nitem,2,has_colour,colour,Gray,,,\n")
    merges.merge_nodes(Node.objects.get(label="Grey"), Node.objects.get(label="Gray"))
    read_csv(HEADER + "item,3,has_colour,colour,grey,,,\n")
    assert set(Edge.objects.values_list("target__label", flat=True)) == {"Gray"}


def test_imported_edges_survive_the_next_build() -> None:
    items("1")
    read_csv(HEADER + "item,1,has_material,material,Oak,,,\nitem,1,complements,item,2,,declared,\n")
    said = ItemDocument(SHELF.name, "1", "Lamp", "", ())
    with transaction.atomic():
        update_edges(SHELF, [said])
    assert Edge.objects.get().target.label == "Oak", "the catalogue is asked what it declares"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("item,1,complements,item,2,1,imported", "has 7 cells, the header 8"),
        ("item,1,complements,item,1,,,", "leads from a node to another one"),
        ("item,,complements,item,1,,,", "an object id has 1 to 255"),
        ("item,1,,item,2,,,", "no code of a relation"),
        ("item,1,goes with,item,2,,,", "'goes with' is no code of a relation"),
        ("item,1,complements,!!,2,,,", "'!!' is no kind of node"),
        ("item,1,has_brand,brand, ,,,", "the label of a brand has 1 to 255"),
        (f"item,1,has_brand,brand,{'x' * 256},,,", "the label of a brand has 1 to 255"),
        (f"item,{'1' * 256},complements,item,2,,,", "an object id has 1 to 255"),
        ("item,1,complements,item,2,1.5,,", "from 0 to 1, not 1.5"),
        ("item,1,complements,item,2,nan,,", "from 0 to 1, not nan"),
        ("item,1,complements,item,2,much,,", "from 0 to 1, not 'much'"),
        ("item,1,complements,item,2,,guessed,", "the provenance is one of declared"),
        ("item,1,complements,item,2,,,maybe", "the state is one of active"),
        ('item,"1"x,complements,item,2,,,', "expected after"),
        ('item,"1', "unexpected end of data"),
        ("item,1\x00,complements,item,2,,,", "NUL"),
        (f"item,1,complements,item,{'x' * MAX_LINE_LENGTH},,,", "longer than 65536 bytes"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(row: str, problem: str) -> None:
    good = "item,8,complements,item,9,,,\n"
    with pytest.raises(GraphFileError, match=r"line 3: .*") as error:
        read_csv(f"{HEADER}{good}{row}\n")
    assert problem in str(error.value)
    assert not Node.objects.exists()
    assert read_csv(HEADER + good).changed == 1


def test_bytes_that_are_no_text_are_named() -> None:
    with pytest.raises(GraphFileError, match="line 2: not UTF-8"):
        read_csv(HEADER.encode() + b"item,\xff\xfe,complements,item,2,,,\n")


def test_several_bad_lines_are_named_at_once() -> None:
    bad = "item,1,complements,item,1,,,\n"
    with pytest.raises(GraphFileError) as error:
        read_csv(HEADER + bad * 3)
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == [
        "line 2",
        "line 3",
        "line 4",
    ]
    with pytest.raises(GraphFileError) as error:
        read_csv(HEADER + bad * 50)
    assert len(str(error.value).splitlines()) == 21


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("", "no column source, relation, target"),
        ("source,relation\n", "no column target"),
        (
            "source,relation,target,wieght\n",
            "'wieght' is unknown or repeated. Did you mean weight?",
        ),
        ("source,relation,target,target\n", "'target' is unknown or repeated"),
        ('"source,relation\n', "unexpected end of data"),
    ],
)
def test_a_bad_header_is_explained(header: str, problem: str) -> None:
    with pytest.raises(GraphFileError, match="line 1: ") as error:
        read_csv(header)
    assert problem in str(error.value)


# RecBole


def test_triples_become_the_edges_that_a_catalogue_would_declare() -> None:
    items("1", "2")
    found = read_kg(
        KG
        + "1\tbrand\tbrand:100% Pure\n"
        + "1\tcategory\tcategory:Beauty > Bath & Body\n"
        + "category:Beauty > Bath & Body\tsubcategory_of\tcategory:Beauty\n"
        + "1\talso_bought\t2\n"
        + "1\tsmells_of\tscent:rose\n"
    )
    assert found == Imported(5, 5, 0)
    assert set(Edge.objects.values_list("relation__code", "target__kind", "target__label")) == {
        ("has_brand", "brand", "100% Pure"),
        ("in_category", "category", "Beauty > Bath & Body"),
        ("subcategory_of", "category", "Beauty"),
        ("also_bought", "item", ""),
        ("smells_of", "scent", "rose"),
    }
    assert RelationType.objects.get(code="also_bought").meaning == "complement"
    assert RelationType.objects.get(code="smells_of").meaning == "attribute"


def test_triples_come_back_as_they_were() -> None:
    text = KG + "1\thas_brand\tbrand:A:b\nitem:a:b\tcomplements\titem:item:c\n"
    read_kg(text, provenance="curated")
    assert written_kg() == text
    assert set(Edge.objects.values_list("provenance", flat=True)) == {"curated"}
    clear()
    read_kg(text)
    assert written_kg() == text


def test_rejected_edges_are_no_triples() -> None:
    read_kg(KG + "1\tcomplements\t2\n")
    Edge.objects.update(state=EdgeState.REJECTED)
    assert written_kg() == KG


def test_other_columns_of_triples_are_left_out() -> None:
    header = "relation_id:token\tweight:float\ttail_id:token\thead_id:token\n"
    read_kg(header + "complements\t0.5\t2\t1\r\n")
    assert written_kg() == KG + "1\tcomplements\t2\n"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1\tbrand", "has 2 cells, the header 3"),
        ("1\tbrand\tbrand:", "the label of a brand"),
        ("1\tbrand\t:Acme", "'' is no kind of node"),
        ("\tcomplements\t2", "an object id has"),
        ("1\t\t2", "no code of a relation"),
        ("1\tcomplements\t1", "leads from a node to another one"),
    ],
)
def test_a_bad_triple_is_named_and_nothing_is_imported(row: str, problem: str) -> None:
    with pytest.raises(GraphFileError, match="line 3: ") as error:
        read_kg(f"{KG}1\tcomplements\t2\n{row}\n")
    assert problem in str(error.value)
    assert not Node.objects.exists()


def test_a_file_of_triples_needs_its_header() -> None:
    with pytest.raises(GraphFileError, match="line 1: no column head_id:token"):
        read_kg("1\tcomplements\t2\n")


def test_an_id_that_triples_cannot_hold_is_refused() -> None:
    items("a\tb")
    edge = DeclaredEdge("complements", "item", "2")
    with transaction.atomic():
        update_edges(SHELF, [ItemDocument(SHELF.name, "a\tb", "", "", (), edges=(edge,))])
    with pytest.raises(GraphFileError, match="export CSV instead"):
        written_kg()
    assert "a\tb" in written_csv()


# The command


def test_the_command_reads_and_writes_by_the_name_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given.kg.gz"
    given.write_bytes(gzip.compress(f"{KG}1\tcomplements\t2\n".encode()))
    options = {"catalogue": SHELF.name}
    call_command("shopreco_graph", "import", given, **options, provenance="curated")
    assert "1 edges read" in capsys.readouterr().out
    for name in ("out.csv", "out.csv.gz", "out.kg"):
        call_command("shopreco_graph", "export", tmp_path / name, **options)
    assert (tmp_path / "out.kg").read_text() == f"{KG}1\tcomplements\t2\n"
    packed = gzip.decompress((tmp_path / "out.csv.gz").read_bytes()).decode()
    assert packed == (tmp_path / "out.csv").read_text() == written_csv()
    assert "curated" in packed
    clear()
    call_command("shopreco_graph", "import", tmp_path / "out.csv.gz", **options)
    assert written_csv() == packed


def test_the_command_explains_what_it_cannot_do(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("source,relation,target\n1,complements,1\n")
    with pytest.raises(CommandError, match=r"bad\.csv: line 2: an edge leads"):
        call_command("shopreco_graph", "import", bad, catalogue=SHELF.name)
    with pytest.raises(CommandError, match="No such file"):
        call_command("shopreco_graph", "import", tmp_path / "none.csv")
    with pytest.raises(CommandError, match="give --format"):
        call_command("shopreco_graph", "export", tmp_path / "graph.txt")
    with pytest.raises(CommandError, match=r"no catalogue 'shop\.x'"):
        call_command("shopreco_graph", "export", tmp_path / "x.csv", catalogue="shop.x")
    truncated = tmp_path / "cut.csv.gz"
    truncated.write_bytes(gzip.compress(b"source,relation,target\n1,a,2\n" * 99)[:-9])
    with pytest.raises(CommandError, match="end-of-stream"):
        call_command("shopreco_graph", "import", truncated, catalogue=SHELF.name)
