-- CreateTable
CREATE TABLE "Ship" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL DEFAULT 'a;b',

    CONSTRAINT "Ship_pkey" PRIMARY KEY ("id")
);
