"""What documents are read as. To know another kind of document, add a row model, its columns and a reader."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ValidationError

from .document import Document, UnknownFormError, UnreadableError
from .models import Column, Row
from .money import Money, read_amount, total


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def _four_digits(text: str) -> str:
    if re.fullmatch(r"\d{4}", text) is None:
        raise ValueError(f"{text!r} is no account code of four digits")
    return text


Text = Annotated[str, AfterValidator(_filled)]


class AccountLine(BaseModel):
    """One account of a trial balance."""

    id: str
    code: Annotated[str, AfterValidator(_four_digits)]
    account: Text
    debit: Money
    credit: Money


class RentLine(BaseModel):
    """One tenancy of a rent roll."""

    id: str
    unit: Text
    tenant: Text
    rent: Money


@dataclass(frozen=True)
class Schema:
    """How one kind of document is read, shown and checked; ``fault`` says what has to be put right before a commit."""

    slug: str
    title: str
    row: type[BaseModel]
    columns: tuple[Column, ...]
    read: Callable[[Document], tuple[list[Row], list[str]]]
    fault: Callable[[list[Row]], str | None]


def _table(document: Document, header: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """The rows below the header, each with its line, up to an empty one or the totals.

    Raises :class:`UnknownFormError` where there is no such header, and :class:`UnreadableError` where a row goes on
    beyond it: the cells of a line with an unquoted ``1,250.50`` stand under the wrong headings.
    """
    width = len(header)
    places = (index for index, row in enumerate(document.rows) if tuple(map(str.lower, row[:width])) == header)
    first = next(places, None)
    if first is None:
        raise UnknownFormError(f"No row has the headings {', '.join(map(str.capitalize, header))}.")
    for line, row in enumerate(document.rows[first + 1 :], start=first + 2):
        leading = next((cell for cell in row if cell), "")
        if not leading or leading.lower().startswith("total"):
            return
        if len(row) > len(document.rows[first]):
            raise UnreadableError(
                f"Line {line} has more cells than there are headings. Is an amount with a comma not quoted?"
            )
        yield line, [*row, *[""] * width][:width]


def fit_row(model: type[BaseModel], where: str, values: dict[str, str]) -> Row:
    """The row as its model writes it. Raises :class:`UnreadableError`, naming the place and what is wrong there."""
    try:
        return model.model_validate(values).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        field, message = first["loc"][0], first["msg"].removeprefix("Value error, ")
        raise UnreadableError(f"{where}, {field}: {message}.") from error


def _unique(rows: list[Row], what: str) -> list[Row]:
    if not rows:
        raise UnreadableError(f"The file has no {what}.")
    ids = [row["id"] for row in rows]
    twice = next((id for id in ids if ids.count(id) > 1), None)
    if twice is not None:
        raise UnreadableError(f"The {what} {twice} is there twice.")
    return rows


def _read_trial_balance(document: Document) -> tuple[list[Row], list[str]]:
    rows = [
        fit_row(
            AccountLine,
            f"Line {line}",
            {"id": code, "code": code, "account": account, "debit": debit or "0", "credit": credit or "0"},
        )
        for line, (code, account, debit, credit) in _table(document, ("code", "account", "debit", "credit"))
    ]
    return _unique(rows, "account"), []


def _trial_balance_fault(rows: list[Row]) -> str | None:
    difference = total(read_amount(row["debit"]) - read_amount(row["credit"]) for row in rows)
    if difference == 0:
        return None
    more, less = ("debits", "credits") if difference > 0 else ("credits", "debits")
    return f"The trial balance does not balance: {more} exceed {less} by {abs(difference)}."


_TENANCY = re.compile(r"^Unit (?P<unit>\S+)\s+(?P<tenant>\S.*?)\s+GBP (?P<rent>[\d,]+\.\d{2})$", re.MULTILINE)
_RENT_TOTAL = re.compile(r"^Total GBP (?P<total>[\d,]+\.\d{2})$", re.MULTILINE)


def _read_rent_roll(document: Document) -> tuple[list[Row], list[str]]:
    if document.rows:
        found = [
            (f"Line {line}", unit, tenant, rent)
            for line, (unit, tenant, rent) in _table(document, ("unit", "tenant", "rent"))
        ]
    else:
        found = [(f"Unit {unit}", unit, tenant, rent) for unit, tenant, rent in _TENANCY.findall(document.text)]
        if not found:
            raise UnknownFormError("No line reads like “Unit A1  Harbour Coffee Ltd  GBP 14,500.00”.")
    rows = [
        fit_row(RentLine, where, {"id": unit, "unit": unit, "tenant": tenant, "rent": rent})
        for where, unit, tenant, rent in found
    ]
    return _unique(rows, "unit"), _compare_with_stated(rows, document)


def _compare_with_stated(rows: list[Row], document: Document) -> list[str]:
    stated = _RENT_TOTAL.search(document.text)
    if stated is None:
        return []
    counted = total(read_amount(row["rent"]) for row in rows)
    if read_amount(stated["total"]) == counted:
        return []
    return [f"The rents add up to {counted}, the document says {stated['total']}."]


SCHEMAS: dict[str, Schema] = {
    schema.slug: schema
    for schema in (
        Schema(
            slug="trial-balance",
            title="Trial balance",
            row=AccountLine,
            columns=(
                Column(key="code", label="Code"),
                Column(key="account", label="Account", editable=True),
                Column(key="debit", label="Debit", type="currency", editable=True),
                Column(key="credit", label="Credit", type="currency", editable=True),
            ),
            read=_read_trial_balance,
            fault=_trial_balance_fault,
        ),
        Schema(
            slug="rent-roll",
            title="Rent roll",
            row=RentLine,
            columns=(
                Column(key="unit", label="Unit"),
                Column(key="tenant", label="Tenant", editable=True),
                Column(key="rent", label="Rent", type="currency", editable=True),
            ),
            read=_read_rent_roll,
            fault=lambda rows: None,
        ),
    )
}
"""Every form that is read by code, by its slug."""
