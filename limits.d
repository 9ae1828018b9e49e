limits.o: src/web/limits.c src/base/banned.h src/web/limits.h \
  src/web/req.h src/account/role.h src/base/arena.h src/base/mem.h \
  src/base/json.h src/base/buf.h src/base/err.h src/account/session.h \
  src/base/ip.h src/db/db.h src/http/http.h src/service/audit.h \
  src/service/audit_list.h src/service/limit.h src/service/locale.h \
  src/service/template.h src/web/problem.h src/web/problem_list.h \
  src/web/route.h src/base/clock.h src/account/email.h src/base/text.h \
  src/service/metric.h src/service/metric_list.h

src/base/banned.h:

src/web/limits.h:

src/web/req.h:

src/account/role.h:

src/base/arena.h:

src/base/mem.h:

src/base/json.h:

src/base/buf.h:

src/base/err.h:

src/account/session.h:

src/base/ip.h:

src/db/db.h:

src/http/http.h:

src/service/audit.h:

src/service/audit_list.h:

src/service/limit.h:

src/service/locale.h:

src/service/template.h:

src/web/problem.h:

src/web/problem_list.h:

src/web/route.h:

src/base/clock.h:

src/account/email.h:

src/base/text.h:

src/service/metric.h:

src/service/metric_list.h:
