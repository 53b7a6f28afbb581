-- atlas:sum ignore
INSERT INTO ship (id) VALUES (1);
