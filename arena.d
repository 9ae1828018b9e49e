arena.o: src/base/arena.c src/base/banned.h src/base/arena.h \
  src/base/mem.h src/base/err.h

src/base/banned.h:

src/base/arena.h:

src/base/mem.h:

src/base/err.h:
