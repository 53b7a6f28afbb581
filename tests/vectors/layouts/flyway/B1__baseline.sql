CREATE TABLE ship (id bigint);
