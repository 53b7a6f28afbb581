DROP TABLE ships; DROP TYPE size;
