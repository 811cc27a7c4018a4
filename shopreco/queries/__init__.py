"""What was asked: words, entities, filters, visibility, prices, sort orders, photos."""
