// Compiles every interface once, so that a mistake in a header shows here first.
#include "messages/auth.hpp"
#include "messages/cluster.hpp"
#include "messages/lease.hpp"
#include "messages/quote.hpp"
#include "messages/registry.hpp"
