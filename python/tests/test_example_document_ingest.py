"""What the example document-ingest makes of files: pure functions, no services."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from example_bundles import DATA, example
from ntro.capabilities.ai import ExtractionResult

document = example("document-ingest", "document")
files = example("document-ingest", "files")
schemas = example("document-ingest", "schemas")
money = example("document-ingest", "money")
review = example("document-ingest", "review")
extraction = example("document-ingest", "extraction")

TRIAL_BALANCE_CSV = b"""Acme SPV 1 Limited: trial balance 2026-03

Code,Account,Debit,Credit
1000,Cash at bank,"1,250.50",
2000,Bank loan,,1250.50
Total,,1250.50,1250.50
"""


def rows_of(slug: str, content: bytes) -> list[dict[str, str]]:
    rows, _ = schemas.SCHEMAS[slug].read(files.open_document(content))
    return list(rows)


def workbook(*rows: tuple[object, ...]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


class TestTheFilesOfTheExamples:
    def test_trial_balance(self) -> None:
        rows = rows_of("trial-balance", (DATA / "trial-balance-2026-03.xlsx").read_bytes())
        assert len(rows) == 11
        assert rows[2] == {
            "id": "1200",
            "code": "1200",
            "account": "Cash at bank",
            "debit": "342118.45",
            "credit": "0.00",
        }
        assert review.totals("trial-balance", rows) == {"debit": "12903008.65", "credit": "12903008.65"}
        assert schemas.SCHEMAS["trial-balance"].fault(rows) is None

    def test_rent_roll(self) -> None:
        rows, remarks = schemas.SCHEMAS["rent-roll"].read(
            files.open_document((DATA / "rent-roll-2026-03.pdf").read_bytes())
        )
        assert [row["unit"] for row in rows] == ["A1", "A2", "B1", "B2", "C1"]
        assert rows[0] == {"id": "A1", "unit": "A1", "tenant": "Harbour Coffee Ltd", "rent": "14500.00"}
        assert review.totals("rent-roll", rows) == {"rent": "92750.00"}
        assert remarks == []


class TestForms:
    def test_csv_ends_with_the_totals(self) -> None:
        assert rows_of("trial-balance", TRIAL_BALANCE_CSV) == [
            {"id": "1000", "code": "1000", "account": "Cash at bank", "debit": "1250.50", "credit": "0.00"},
            {"id": "2000", "code": "2000", "account": "Bank loan", "debit": "0.00", "credit": "1250.50"},
        ]

    def test_csv_with_an_amount_that_is_cut_in_two(self) -> None:
        content = b"Code,Account,Debit,Credit\n1000,Cash at bank,1,250.50,\n"
        with pytest.raises(files.UnreadableError, match="Line 2 has more cells than there are headings"):
            rows_of("trial-balance", content + b"2000,Bank loan,,1,250.50\n")

    def test_a_column_more_under_a_heading_of_its_own(self) -> None:
        content = b"Unit,Tenant,Rent,Remark\nA1,Quay Fitness,20000.00,new\n"
        assert [row["rent"] for row in rows_of("rent-roll", content)] == ["20000.00"]

    def test_csv_with_semicolons_and_a_byte_order_mark(self) -> None:
        content = b"\xef\xbb\xbfUnit;Tenant;Rent\nA1;Quay Fitness;GBP 20,000.00\n"
        assert rows_of("rent-roll", content) == [
            {"id": "A1", "unit": "A1", "tenant": "Quay Fitness", "rent": "20000.00"}
        ]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
    def test_csv_in_the_encodings_of_spreadsheets(self, encoding: str) -> None:
        content = "Unit,Tenant,Rent\nA1,Café Möwe,1.00\n".encode(encoding)
        assert rows_of("rent-roll", content)[0]["tenant"] == "Café Möwe"

    def test_a_workbook_gives_the_decimals_that_it_shows(self) -> None:
        content = workbook(
            ("Code", "Account", "Debit", "Credit"),
            ("1000", "Cash", 0.1 + 0.2, None),
            (2000, "Loan", None, 12500000),
        )
        rows = rows_of("trial-balance", content)
        assert [(row["debit"], row["credit"]) for row in rows] == [("0.30", "0.00"), ("0.00", "12500000.00")]

    def test_says_by_how_much_it_does_not_balance(self) -> None:
        rows = rows_of("trial-balance", TRIAL_BALANCE_CSV.replace(b",,1250.50\n", b",,1300.50\n"))
        assert schemas.SCHEMAS["trial-balance"].fault(rows) == (
            "The trial balance does not balance: credits exceed debits by 50.00."
        )

    def test_remarks_a_total_that_is_another(self) -> None:
        text = "Unit A1 Harbour Coffee Ltd GBP 14,500.00\nTotal GBP 15,000.00"
        rows, remarks = schemas.SCHEMAS["rent-roll"].read(document.Document(rows=[], text=text))
        assert len(rows) == 1
        assert remarks == ["The rents add up to 14500.00, the document says 15,000.00."]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.4 nonsense", "The PDF is damaged or protected by a password."),
        (b"PK\x03\x04nonsense", "The file is no .xlsx workbook, or it is damaged."),
        (b"a\x81", "The file is neither .pdf nor .xlsx, nor text."),
        (b"Code,Account\x00,Debit,Credit", "The file is neither .pdf nor .xlsx, nor text."),
        (b" \n", "The file is empty."),
        (b"Code,Account,Debit,Credit\n1000,Cash,1.234.5,\n", "Line 2, debit: '1.234.5' is no amount such as 1,250.00."),
        (b"Code,Account,Debit,Credit\n10,Cash,1,\n", "Line 2, code: '10' is no account code of four digits."),
        (b"Code,Account,Debit,Credit\n1000,,1,\n", "Line 2, account: it is empty."),
        (b"Code,Account,Debit,Credit\n1000,Cash,1,\n1000,Cash,1,\n", "The account 1000 is there twice."),
        (b"Code,Account,Debit,Credit\n", "The file has no account."),
        (
            b'Code,Account,Debit,Credit\n1000,"Cash,1,\n2000,Loan,,1\n',
            "Line 3 of the file is no line of a .csv: unexpected end of data.",
        ),
    ],
)
def test_what_cannot_be_used_is_said(content: bytes, message: str) -> None:
    with pytest.raises(document.UnreadableError) as raised:
        rows_of("trial-balance", content)
    assert str(raised.value) == message


def test_another_form_is_left_to_ai() -> None:
    with pytest.raises(document.UnknownFormError, match="No row has the headings Code, Account, Debit, Credit"):
        rows_of("trial-balance", b"Konto,Soll,Haben\n1000,1,1\n")


def test_rows_are_bounded() -> None:
    wide = "Code,Account\n" + "".join(f"{1000 + row},{'w' * 250}\n" for row in range(3000))
    with pytest.raises(document.UnreadableError, match="over 600 KB of text"):
        files.open_document(wide.encode())
    with pytest.raises(document.UnreadableError, match="at most 4000"):
        files.open_document(b"a,b\n" * 4001)


class TestMoney:
    @pytest.mark.parametrize(
        ("written", "amount"),
        [
            ("14,500.00", "14500.00"),
            ("(250)", "-250"),
            ("£12.5", "12.5"),
            ("-1 250.00".replace(" ", ""), "-1250.00"),
            ("3 EUR", "3"),
        ],
    )
    def test_is_read_as_people_write_it(self, written: str, amount: str) -> None:
        assert money.read_amount(written) == Decimal(amount)

    @pytest.mark.parametrize("written", ["1.234,56", "12,50", "1.005", "", "x", 12.5, True, None])
    def test_refuses_what_is_not_certain(self, written: object) -> None:
        with pytest.raises(ValueError, match="amount"):
            money.read_amount(written)


class TestReview:
    def table(self) -> Any:
        rows = rows_of("trial-balance", TRIAL_BALANCE_CSV)
        return review.Table("trial-balance", list(schemas.SCHEMAS["trial-balance"].columns), rows)

    def test_keeps_what_was_corrected(self) -> None:
        table = self.table()
        table.correct("1000", "debit", "1,300")
        table.correct("1000", "debit", "1300.00")
        approval = table.approved_by("Ann")
        assert approval.rows[0]["debit"] == "1300.00"
        assert [correction.model_dump() for correction in approval.corrections] == [
            {"line_item_id": "1000", "field": "debit", "old_value": "1250.50", "new_value": "1300.00"}
        ]

    @pytest.mark.parametrize(
        ("row", "field", "value"), [("1000", "debit", "x"), ("1000", "code", "1001"), ("9", "debit", "1")]
    )
    def test_refuses_a_correction_that_does_not_fit(self, row: str, field: str, value: str) -> None:
        table = self.table()
        before = [dict(row) for row in table.rows]
        with pytest.raises(document.UnreadableError):
            table.correct(row, field, value)
        assert table.rows == before


class TestAi:
    result = ExtractionResult(
        line_items=[{"unit": "A1", "tenant": "Quay Fitness", "rent": 20000.5}],
        confidence_scores={"tenant": 0.62, "rent": 0.9, "elsewhere": 0.1},
    )

    def test_fits_rows_to_the_schema_with_the_weakest_confidence(self) -> None:
        rows = extraction.rows_of(self.result, schemas.SCHEMAS["rent-roll"])
        assert rows == [{"id": "A1", "unit": "A1", "tenant": "Quay Fitness", "rent": "20000.50", "confidence": "0.62"}]

    def test_numbers_rows_of_an_unknown_schema(self) -> None:
        assert extraction.rows_of(self.result, None)[0] == {
            "id": "1",
            "unit": "A1",
            "tenant": "Quay Fitness",
            "rent": "20000.5",
            "confidence": "0.62",
        }

    def test_refuses_rows_that_do_not_fit(self) -> None:
        result = ExtractionResult(line_items=[{"unit": "A1", "tenant": "Quay Fitness", "rent": "much"}])
        with pytest.raises(document.UnreadableError, match="Row 1 as AI has read it, rent: 'much' is no amount"):
            extraction.rows_of(result, schemas.SCHEMAS["rent-roll"])
