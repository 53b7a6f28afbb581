DROP TABLE nothing_that_is;
