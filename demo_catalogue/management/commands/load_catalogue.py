from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from demo_catalogue.feeds import FORMATS, FeedError, RecordError, Shop, feed_for, opened
from demo_catalogue.feeds.prices import currency_code
from demo_catalogue.gallery import FolderGallery
from demo_catalogue.loader import Loader, Report
from demo_catalogue.shelf import take_down
from demo_shop.models import Product


class Command(BaseCommand):
    help = (
        "Load products from a feed: Google Merchant XML or TSV, CSV, also as Shopify and "
        "WooCommerce export it, or JSON Lines, plain or gzip. Products are matched by SKU; a "
        "second run changes what has changed, and begins and ends sales. Rows that cannot be "
        "loaded are listed with their lines, and the exit code is 1; all others are in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help=f"ending in {', '.join(FORMATS)}, with or without .gz"
        )
        parser.add_argument(
            "--currency", default="EUR", help="for prices that name none (default: EUR)"
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="take down every product that is not in the feed, unless a row failed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is not a file")
        try:
            shop = Shop(currency_code(options["currency"]))
        except ValueError as error:
            raise CommandError(str(error)) from error
        loader = Loader(FolderGallery(path.parent), shop.currency)
        broken: FeedError | None = None
        try:
            self._load(path, shop, loader, quiet=not options["verbosity"])
        except FeedError as error:
            broken = error
        report = loader.report
        for note in report.notes:
            self.stderr.write(self.style.WARNING(_line(note)))
        for failure in report.failed:
            self.stderr.write(self.style.ERROR(_line(failure)))
        if broken:
            self.stderr.write(self.style.ERROR(f"{path.name}: {broken}"))
        self._say(report, options["verbosity"])
        if report.failed or broken:
            raise CommandError(
                f"failed rows: {len(report.failed)}"
                + ("; the file could not be read to its end" if broken else "")
                + ("; nothing was taken down" if options["replace"] else "")
            )
        if options["replace"]:
            gone = take_down(Product.objects.exclude(sku__in=report.skus))
            self.stdout.write(f"{gone} products that are not in the feed were taken down")

    def _load(self, path: Path, shop: Shop, loader: Loader, *, quiet: bool) -> None:
        feed = feed_for(path, shop)
        size = path.stat().st_size
        bar = tqdm(
            total=size, unit="B", unit_scale=True, desc=path.name, disable=True if quiet else None
        )
        with bar, opened(path) as (content, file):
            for _row in loader.load(feed.read(content)):
                bar.update(file.tell() - bar.n)
            bar.update(size - bar.n)

    def _say(self, report: Report, verbosity: int) -> None:
        if verbosity:
            drafts = f", {report.left_out} drafts left out" if report.left_out else ""
            self.stdout.write(
                f"{report.created} created, {report.updated} updated, "
                f"{report.unchanged} unchanged, {len(report.failed)} failed{drafts}"
            )


def _line(each: RecordError) -> str:
    name = f" ({each.sku})" if each.sku else ""
    return f"line {each.line}{name}: {each.message}"
