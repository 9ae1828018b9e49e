/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of this process, under the names that every Prometheus client library uses,
 * so that dashboards made for others show it too. Each is left out where the kernel does not say.
 */
#pragma once

#include "base/buf.h"

void process_figures_write(struct buf *out);
