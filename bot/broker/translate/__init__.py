"""Between the client library's objects and the vocabulary of ``bot.domain``; its objects go no further."""
