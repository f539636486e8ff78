"""Every message kind of the TWS protocol, by subject: names, versions and fields for both directions."""
