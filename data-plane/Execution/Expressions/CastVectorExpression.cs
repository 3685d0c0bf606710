using System.Text;
using Cloud.Codec;
using Cloud.Execution.Chunks;
using Cloud.Execution.Types;

namespace Cloud.Execution.Expressions;

/// <summary>How a cast treats what does not fit.</summary>
public enum CastMode
{
    /// <summary>Between operands of one operator: as MySQL converts without being asked.</summary>
    Implicit,

    /// <summary>CAST and CONVERT: text is cut to its length, numbers to their range.</summary>
    Explicit,
}

/// <summary>Converts values to another type. Values that cannot be converted give 0, or NULL for times, with a warning.</summary>
public sealed class CastVectorExpression(VectorExpression operand, FieldType type, CastMode mode) : VectorExpression(type)
{
    private readonly ColumnVector _result = new(type.Kind);
    private readonly ByteBuffer _buffer = new(64);

    public VectorExpression Operand => operand;

    public override bool IsConstant => operand.IsConstant;

    public override IReadOnlyList<VectorExpression> Operands => [operand];

    public override ColumnVector Evaluate(Chunk input, EvaluationContext context)
    {
        var source = operand.Evaluate(input, context);
        _result.Reset();
        for (var row = 0; row < input.PhysicalRows; row++)
        {
            if (source.IsNull(row))
            {
                _result.AppendNull();
            }
            else
            {
                Convert(new ValueRef(source, row), context);
            }
        }

        return _result;
    }

    private void Convert(in ValueRef value, EvaluationContext context)
    {
        switch (Type.Kind)
        {
            case VectorKind.Int64:
                _result.Append(ToInt64(value, context));
                break;
            case VectorKind.UInt64:
                _result.Append(ToUInt64(value, context));
                break;
            case VectorKind.Float64:
                Report(Conversions.ToDouble(value, operand.Type, out var number), "DOUBLE", value, context);
                _result.Append(number);
                break;
            case VectorKind.Float32:
                Report(Conversions.ToDouble(value, operand.Type, out var single), "FLOAT", value, context);
                _result.Append((float)single);
                break;
            case VectorKind.Decimal:
                AppendDecimal(value, context);
                break;
            case VectorKind.Time:
                AppendTime(value, context);
                break;
            case VectorKind.Duration:
                var status = Conversions.ToDuration(value, Type, out var duration);
                if (status is ConversionStatus.Invalid)
                {
                    Report(status, "time", value, context);
                    _result.AppendNull();
                }
                else
                {
                    _result.Append(duration.Clamp());
                }

                break;
            default:
                AppendText(value, context);
                break;
        }
    }

    private long ToInt64(in ValueRef value, EvaluationContext context)
    {
        if (mode == CastMode.Explicit && value.Kind == VectorKind.UInt64)
        {
            return (long)value.Bits;
        }

        if (value.Kind == VectorKind.Bytes)
        {
            // Text is read up to its first character that is no digit; anything behind is cut, with a warning.
            var parsed = MySqlDecimal.Parse(value.Bytes, out var number);
            var status = Conversions.Worse(parsed, number.Round(0, DecimalRounding.Truncate).ToInt64(out var text));
            Report(parsed == ConversionStatus.Ok && number.Scale > 0 ? ConversionStatus.Truncated : status, "INTEGER", value, context);
            return text;
        }

        Report(Conversions.ToInt64(value, operand.Type, out var result), "INTEGER", value, context, overflowOnly: true);
        return result;
    }

    private ulong ToUInt64(in ValueRef value, EvaluationContext context)
    {
        if (value.Kind == VectorKind.Int64)
        {
            return value.Bits;
        }

        if (value.Kind == VectorKind.Bytes)
        {
            var parsed = MySqlDecimal.Parse(value.Bytes, out var number);
            var whole = number.Round(0, DecimalRounding.Truncate);
            Report(parsed, "INTEGER", value, context);
            if (!number.IsNegative)
            {
                Report(whole.ToUInt64(out var text), "INTEGER", value, context, overflowOnly: true);
                return text;
            }

            whole.ToInt64(out var negative);
            return (ulong)negative;
        }

        var status = Conversions.ToUInt64(value, operand.Type, out var result);
        if (status == ConversionStatus.Overflow && Conversions.ToInt64(value, operand.Type, out var signed) != ConversionStatus.Overflow && signed < 0)
        {
            return (ulong)signed;
        }

        Report(status, "INTEGER", value, context, overflowOnly: true);
        return result;
    }

    private void AppendDecimal(in ValueRef value, EvaluationContext context)
    {
        var status = Conversions.ToDecimal(value, operand.Type, out var number);
        Report(status, "DECIMAL", value, context, overflowOnly: value.Kind != VectorKind.Bytes);
        if (mode == CastMode.Explicit && number.Fit(Type.Length, Type.Decimals, out number) == ConversionStatus.Overflow)
        {
            context.Fault(1264, "22003", "Out of range value for column 'CAST' at row 1");
        }

        _result.Append(number);
    }

    private void AppendTime(in ValueRef value, EvaluationContext context)
    {
        var rules = context.DateRules | (mode == CastMode.Implicit ? DateRules.AllowZeroDate | DateRules.AllowZeroInDate : DateRules.Strict);
        var status = Conversions.ToTime(value, Type, rules, context.Now, out var time);
        if (status == ConversionStatus.Invalid)
        {
            using var text = new ByteBuffer(64);
            TextFormat.Append(value, operand.Type, text);
            context.Warn(WarningLevel.Warning, 1292, $"Incorrect datetime value: '{Encoding.UTF8.GetString(text.Written)}'");
            _result.AppendNull();
        }
        else
        {
            Report(status, Type.Type == MySqlType.Date ? "date" : "datetime", value, context);
            _result.Append(time);
        }
    }

    private void AppendText(in ValueRef value, EvaluationContext context)
    {
        ReadOnlySpan<byte> text = value.Bytes;
        if (value.Kind != VectorKind.Bytes)
        {
            _buffer.Clear();
            TextFormat.Append(value, operand.Type, _buffer);
            text = _buffer.Written;
        }

        if (mode == CastMode.Explicit && Type.Length >= 0)
        {
            var kept = Type.IsText ? Utf8Text.PrefixBytes(text, Type.Length) : Math.Min(text.Length, Type.Length);
            if (kept < text.Length)
            {
                context.TruncatedIncorrect(Type.IsText ? $"CHAR({Type.Length})" : $"BINARY({Type.Length})", text);
                text = text[..kept];
            }

            if (!Type.IsText && Type.Type == MySqlType.String && text.Length < Type.Length)
            {
                var padded = _result.Reserve(Type.Length);
                text.CopyTo(padded);
                padded[text.Length..].Clear();
                _result.Commit(Type.Length);
                return;
            }
        }

        _result.Append(text);
    }

    private void Report(
        ConversionStatus status, string typeName, in ValueRef value, EvaluationContext context, bool overflowOnly = false)
    {
        if (status == ConversionStatus.Ok || (overflowOnly && status != ConversionStatus.Overflow))
        {
            return;
        }

        _buffer.Clear();
        TextFormat.Append(value, operand.Type, _buffer);
        context.TruncatedIncorrect(typeName, _buffer.Written);
    }
}
