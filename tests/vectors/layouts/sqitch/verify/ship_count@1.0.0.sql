SELECT ship_count();
