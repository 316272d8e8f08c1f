-- What there is at the start.
INSERT INTO inventory (product_id, quantity_available) VALUES ('prod-456', 100), ('prod-789', 50);
