DROP TABLE vessel;
DROP TABLE operator;
