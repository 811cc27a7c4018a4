"""django-oscar: its products, what its signals tell of visitors, and its pages of products."""
