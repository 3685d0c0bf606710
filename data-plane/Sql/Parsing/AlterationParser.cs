using Cloud.Sql.Ast;

namespace Cloud.Sql.Parsing;

/// <summary>The changes that one ALTER TABLE lists.</summary>
internal sealed class AlterationParser(TokenReader tokens, SqlParser parser, TableDefinitionParser definitions)
{
    public List<TableAlteration> Parse()
    {
        var alterations = new List<TableAlteration>();
        do
        {
            Single(alterations);
        }
        while (tokens.Accept(Symbol.Comma));
        return alterations;
    }

    private void Single(List<TableAlteration> alterations)
    {
        if (definitions.AtOption())
        {
            alterations.Add(new ChangeTableOptions(definitions.Options()));
            return;
        }

        var at = tokens.Current;
        switch (tokens.AcceptAny(
            Keyword.Add, Keyword.Drop, Keyword.Rename, Keyword.Change, Keyword.Modify, Keyword.Alter, Keyword.Enable, Keyword.Disable,
            Keyword.Algorithm, Keyword.Lock, Keyword.Force, Keyword.Convert, Keyword.Order))
        {
            case Keyword.Add:
                Add(alterations);
                break;
            case Keyword.Drop:
                alterations.Add(Drop());
                break;
            case Keyword.Rename:
                alterations.Add(Rename());
                break;
            case Keyword.Change:
                tokens.Accept(Keyword.Column);
                var from = tokens.Name();
                alterations.Add(Change(from));
                break;
            case Keyword.Modify:
                tokens.Accept(Keyword.Column);
                alterations.Add(Change(from: null));
                break;
            case Keyword.Alter:
                alterations.Add(AlterColumn());
                break;
            case Keyword.Enable or Keyword.Disable:
                tokens.Expect(Keyword.Keys);
                alterations.Add(new ToggleKeys());
                break;
            case Keyword.Algorithm or Keyword.Lock:
                tokens.Accept(Symbol.Equal);
                tokens.AnyWord();
                break;
            case Keyword.Force:
                break;
            case Keyword.None:
                throw tokens.SyntaxError(at);
            default:
                throw Errors.NotSupported($"ALTER TABLE … {Keywords.TextOf(at.Keyword)}");
        }
    }

    private void Add(List<TableAlteration> alterations)
    {
        if (definitions.OptionalIndex() is { } index)
        {
            alterations.Add(new AddIndex(index));
            return;
        }

        tokens.Accept(Keyword.Column);
        if (tokens.Accept(Symbol.LeftParenthesis))
        {
            do
            {
                alterations.Add(new AddColumn(definitions.Column(), First: false, After: null));
            }
            while (tokens.Accept(Symbol.Comma));
            tokens.Expect(Symbol.RightParenthesis);
            return;
        }

        var column = definitions.Column();
        var (first, after) = Position();
        alterations.Add(new AddColumn(column, first, after));
    }

    private TableAlteration Drop()
    {
        switch (tokens.AcceptAny(Keyword.Index, Keyword.Key, Keyword.Primary, Keyword.Column, Keyword.Foreign, Keyword.Check, Keyword.Constraint))
        {
            case Keyword.Index or Keyword.Key:
                return new DropIndex(tokens.Name());
            case Keyword.Primary:
                tokens.Expect(Keyword.Key);
                return new DropIndex("PRIMARY");
            case Keyword.Foreign or Keyword.Check or Keyword.Constraint:
                throw Errors.NotSupported("dropping a foreign key or CHECK constraint");
            default:
                return new DropColumn(tokens.Name());
        }
    }

    private TableAlteration Rename()
    {
        switch (tokens.AcceptAny(Keyword.Column, Keyword.Index, Keyword.Key, Keyword.To, Keyword.As))
        {
            case Keyword.Column:
                var column = tokens.Name();
                tokens.Expect(Keyword.To);
                return new RenameColumn(column, tokens.Name());
            case Keyword.Index or Keyword.Key:
                var index = tokens.Name();
                tokens.Expect(Keyword.To);
                return new RenameIndex(index, tokens.Name());
            default:
                return new RenameTo(parser.Tables.Name());
        }
    }

    private ChangeColumn Change(string? from)
    {
        var column = definitions.Column();
        var (first, after) = Position();
        return new ChangeColumn(from ?? column.Name, column, first, after);
    }

    private SetColumnDefault AlterColumn()
    {
        tokens.Accept(Keyword.Column);
        var name = tokens.Name();
        if (tokens.Accept(Keyword.Drop))
        {
            tokens.Expect(Keyword.Default);
            return new SetColumnDefault(name, null);
        }

        tokens.Expect(Keyword.Set);
        tokens.Expect(Keyword.Default);
        return new SetColumnDefault(name, parser.Expressions.SignedLiteral());
    }

    private (bool First, string? After) Position() =>
        tokens.Accept(Keyword.First) ? (true, null) : (false, tokens.Accept(Keyword.After) ? tokens.Name() : null);
}
