#!/bin/sh
# What dhclient (event in $reason) and udhcpc (event in $1) call: gives the interface its address, so that renewals,
# which are unicast, find their way back. Routes are the namespace's own.
# With DECLINE set, an address just obtained is said to be in use.
if [ -n "$DECLINE" ] && [ "$reason" = BOUND ]; then
  exit 1
fi
case ${reason:-$1} in
  BOUND | REBOOT | RENEW | REBIND)
    ip addr replace "$new_ip_address/32" dev "$interface"
    ;;
  bound | renew)
    ip addr replace "$ip/32" dev "$interface"
    ;;
  EXPIRE | FAIL | RELEASE | STOP | deconfig)
    ip addr flush dev "$interface"
    ;;
esac
exit 0
