json.o: src/base/json.c src/base/banned.h src/base/json.h \
  src/base/arena.h src/base/mem.h src/base/buf.h src/base/err.h \
  src/base/clock.h src/base/text.h

src/base/banned.h:

src/base/json.h:

src/base/arena.h:

src/base/mem.h:

src/base/buf.h:

src/base/err.h:

src/base/clock.h:

src/base/text.h:
