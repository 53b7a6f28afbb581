-- atlas:checkpoint v1

CREATE TABLE ship (id bigint PRIMARY KEY, name text NOT NULL DEFAULT 'a;b', berths int[] DEFAULT '{{1,2},{3,4}}');
