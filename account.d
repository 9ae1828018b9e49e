account.o: src/account/account.c src/base/banned.h src/account/account.h \
  src/account/role.h src/base/arena.h src/base/mem.h src/base/json.h \
  src/base/buf.h src/base/err.h src/db/db.h src/base/clock.h \
  src/base/id.h src/base/text.h

src/base/banned.h:

src/account/account.h:

src/account/role.h:

src/base/arena.h:

src/base/mem.h:

src/base/json.h:

src/base/buf.h:

src/base/err.h:

src/db/db.h:

src/base/clock.h:

src/base/id.h:

src/base/text.h:
